import { createContext, use, useCallback, useMemo, useState, type ReactNode } from "react";
import { problemText } from "~/api/problems";
import styles from "./toasts.module.css";

interface Toast {
  id: number;
  text: string;
  isError: boolean;
}

interface Toaster {
  tell: (text: string) => void;
  /** Tells an error, of a mutation for instance. */
  tellError: (error: unknown) => void;
}

const SHOWN_MS = 4_000;
const ERROR_SHOWN_MS = 9_000;

const ToasterContext = createContext<Toaster>({ tell: () => {}, tellError: () => {} });
let lastId = 0;

/** Shows what was told for a moment, in a corner. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const show = useCallback((text: string, isError: boolean) => {
    const id = ++lastId;
    setToasts((shown) => [...shown, { id, text, isError }]);
    setTimeout(() => setToasts((shown) => shown.filter((toast) => toast.id !== id)), isError ? ERROR_SHOWN_MS : SHOWN_MS);
  }, []);
  const toaster = useMemo<Toaster>(
    () => ({ tell: (text) => show(text, false), tellError: (error) => show(problemText(error), true) }),
    [show],
  );
  return (
    <ToasterContext value={toaster}>
      {children}
      <div className={styles.toasts} role="status" aria-live="polite">
        {toasts.map(({ id, text, isError }) => (
          <div key={id} className={isError ? `${styles.toast} ${styles.error}` : styles.toast}>
            {text}
          </div>
        ))}
      </div>
    </ToasterContext>
  );
}

/** Returns what tells people that something was done, or was not. */
export function useToasts(): Toaster {
  return use(ToasterContext);
}
