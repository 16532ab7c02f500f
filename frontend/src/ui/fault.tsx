import { problemText, Refused } from "~/api/problems";

/** Why something was refused, beside where it was asked for; nothing where it was not. */
export function Fault({ error }: { error: unknown }) {
  if (!error) return null;
  const text = problemText(error);
  const untold = error instanceof Refused ? error.violations.filter(({ message }) => !text.includes(message)) : [];
  return (
    <div className="error-text" role="alert">
      <p>{text}</p>
      {untold.length > 0 && (
        <ul>
          {untold.map(({ pointer, message }) => (
            <li key={pointer + message}>{`${pointer.slice(1)}: ${message}`}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
