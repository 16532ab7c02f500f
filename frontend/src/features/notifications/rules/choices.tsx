import styles from "../notifications.module.css";

interface ChoicesProps<T extends string | number> {
  title: string;
  values: { value: T; text: string }[];
  /** All that is chosen, elsewhere too. */
  chosen: readonly T[];
  onChoose: (chosen: T[]) => void;
}

/** Some of a few things, each with a box. */
export function Choices<T extends string | number>({ title, values, chosen, onChoose }: ChoicesProps<T>) {
  return (
    <fieldset className={styles.choices}>
      <legend>{title}</legend>
      {values.map(({ value, text }) => (
        <label key={value}>
          <input type="checkbox" checked={chosen.includes(value)} onChange={({ target }) => onChoose(target.checked ? [...chosen, value] : chosen.filter((other) => other !== value))} /> {text}
        </label>
      ))}
    </fieldset>
  );
}
