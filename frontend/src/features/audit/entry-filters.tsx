import { Link, useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { useText } from "~/i18n/text";
import { applyChoice } from "~/ui/apply-choice";
import { ACTIONS, OBJECTS } from "./actions";
import styles from "./audit.module.css";
import { asField, FATES, momentOf, readEntryFilter, type EntryFilter } from "./entry-filter";

/** What narrows the audit trail; all of it stands in the address. A choice holds at once, a text by Enter. */
export function EntryFilters({ filter }: { filter: EntryFilter }) {
  const t = useText();
  const navigate = useNavigate();
  const apply = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const stated = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
    const wanted = { ...stated, actor: stated.actor?.trim(), since: momentOf(stated.since), until: momentOf(stated.until) };
    void navigate({ to: "/audit", search: readEntryFilter(wanted) });
  };
  return (
    <form role="search" className={styles.filters} aria-label={t("audit.filter")} onSubmit={apply} onChange={applyChoice}>
      <label>
        {t("audit.actor")}
        <input name="actor" type="text" placeholder={t("audit.actorHint")} defaultValue={filter.actor} />
      </label>
      <label>
        {t("audit.action")}
        <select name="action" defaultValue={filter.action ?? ""}>
          <option value="">{t("audit.any")}</option>
          {OBJECTS.map((object) => (
            <optgroup key={object} label={t(`audit.object.${object}`)}>
              {ACTIONS[object].map((action) => (
                <option key={action} value={action}>
                  {t(`audit.action.${action}`)}
                </option>
              ))}
            </optgroup>
          ))}
        </select>
      </label>
      <Choice name="object" label={t("audit.objectType")} values={OBJECTS} chosen={filter.object} textOf={(value) => t(`audit.object.${value}`)} />
      <label>
        {t("audit.objectId")}
        <input name="id" type="text" defaultValue={filter.id} />
      </label>
      <Choice name="fate" label={t("audit.fate")} values={FATES} chosen={filter.fate} textOf={(value) => t(`audit.fate.${value}`)} />
      <label>
        {t("audit.since")}
        <input name="since" type="datetime-local" defaultValue={asField(filter.since)} />
      </label>
      <label>
        {t("audit.until")}
        <input name="until" type="datetime-local" defaultValue={asField(filter.until)} />
      </label>
      <div className="row">
        <button type="submit">{t("audit.filter")}</button>
        <Link to="/audit" search={{}} className="button">
          {t("audit.clear")}
        </Link>
      </div>
    </form>
  );
}

interface ChoiceProps {
  name: string;
  label: string;
  values: readonly string[];
  chosen: string | undefined;
  textOf: (value: string) => string;
}

function Choice({ name, label, values, chosen, textOf }: ChoiceProps) {
  const t = useText();
  return (
    <label>
      {label}
      <select name={name} defaultValue={chosen ?? ""}>
        <option value="">{t("audit.any")}</option>
        {values.map((value) => (
          <option key={value} value={value}>
            {textOf(value)}
          </option>
        ))}
      </select>
    </label>
  );
}
