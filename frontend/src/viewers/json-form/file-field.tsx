import { useState, type DragEvent } from "react";
import { problemText } from "~/api/problems";
import { useText } from "~/i18n/text";
import { useForm, type FieldProps } from "./form-context";
import styles from "./json-form.module.css";
import { Labelled } from "./labelled";

/** A file: dropped here, or chosen; it is stored at once, and the value refers to it. */
export function FileField(props: FieldProps) {
  const t = useText();
  const { upload } = useForm();
  const { value, onChange } = props;
  const [state, setState] = useState<{ name: string; isBusy: boolean; fault: string }>({ name: "", isBusy: false, fault: "" });
  const take = async (file: File | undefined) => {
    if (file === undefined) return;
    setState({ name: file.name, isBusy: true, fault: "" });
    try {
      onChange(await upload(file));
      setState({ name: file.name, isBusy: false, fault: "" });
    } catch (error) {
      setState({ name: file.name, isBusy: false, fault: problemText(error) });
    }
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    void take(event.dataTransfer.files[0]);
  };
  return (
    <Labelled props={props}>
      {(ids) => (
        <div className={styles.drop} onDragOver={(event) => event.preventDefault()} onDrop={drop}>
          <input {...ids} type="file" onChange={(event) => void take(event.target.files?.[0])} />
          <span className="muted small">{state.isBusy ? t("form.uploading", { name: state.name }) : value === undefined ? t("form.drop") : String(state.name || JSON.stringify(value))}</span>
          {state.fault && <p className="error-text small">{state.fault}</p>}
        </div>
      )}
    </Labelled>
  );
}
