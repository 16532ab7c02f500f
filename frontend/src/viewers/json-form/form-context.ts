import { createContext, use, type ComponentType } from "react";
import type { Schema } from "./schema";
import type { Faults } from "./validation";

export type Upload = (file: File) => Promise<unknown>;

export interface FieldProps {
  schema: Schema;
  /** The name of the property, the number of the item, or null of the whole value. */
  name: string | null;
  pointer: string;
  value: unknown;
  isRequired: boolean;
  /** Undefined takes the value away. */
  onChange: (value: unknown) => void;
}

interface FormState {
  root: Schema;
  faults: Faults;
  upload: Upload;
  /** Begins the ids of all fields. */
  id: string;
  /** The field for any value, which fields of objects and lists are made of. */
  Field: ComponentType<FieldProps>;
}

export const FormContext = createContext<FormState>({ root: {}, faults: new Map(), upload: () => Promise.reject(new Error("no form")), id: "", Field: () => null });

/** Returns what all fields of a form share. */
export function useForm(): FormState {
  return use(FormContext);
}
