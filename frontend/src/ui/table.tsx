import type { ReactNode } from "react";
import styles from "./table.module.css";

export interface Column<Row> {
  id: string;
  title: ReactNode;
  cell: (row: Row) => ReactNode;
  /** Left out where the page is narrow. */
  isExtra?: boolean;
}

interface TableProps<Row> {
  /** What the table is of, for who does not see it. */
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  keyOf: (row: Row) => string | number;
  onOpen?: (row: Row) => void;
  isDimmed?: boolean;
}

/** Rows of something. A click on a row opens it, as the link that one of its cells should be does by keyboard. */
export function Table<Row>({ label, columns, rows, keyOf, onOpen, isDimmed = false }: TableProps<Row>) {
  return (
    <div className={styles.scroll}>
      <table className={styles.table} aria-label={label} data-dimmed={isDimmed || undefined}>
        <TableHead columns={columns} />
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} data-opens={onOpen !== undefined || undefined} onClick={onOpen && ((event) => isPlain(event.target) && onOpen(row))}>
              {columns.map((column) => (
                <td key={column.id} className={column.isExtra ? styles.extra : undefined}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The titles of columns, for tables that draw their rows themselves. */
export function TableHead({ columns }: { columns: Pick<Column<never>, "id" | "title" | "isExtra">[] }) {
  return (
    <thead>
      <tr>
        {columns.map((column) => (
          <th key={column.id} scope="col" className={column.isExtra ? styles.extra : undefined}>
            {column.title}
          </th>
        ))}
      </tr>
    </thead>
  );
}

function isPlain(target: EventTarget): boolean {
  return target instanceof Element && target.closest("a, button, input, label") === null;
}

export { styles as tableStyles };
