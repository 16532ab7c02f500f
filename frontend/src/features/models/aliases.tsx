import styles from "./models.module.css";

/** Which version each alias names. */
export function Aliases({ aliases }: { aliases: Record<string, number> }) {
  return (
    <span className={styles.tags}>
      {Object.entries(aliases).map(([alias, version]) => (
        <span key={alias} className="tag">{`${alias} → ${version}`}</span>
      ))}
    </span>
  );
}
