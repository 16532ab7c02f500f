import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useText } from "~/i18n/text";
import { useMayChange } from "~/session/session";
import { useCommands } from "~/ui/commands";
import { Page } from "~/ui/page";
import { Segments } from "~/ui/segments";
import { Shown } from "~/ui/states";
import { Aliases } from "./aliases";
import { MODEL_TABS, modelRoute } from "./feature";
import { modelQuery, type Model } from "./model-queries";
import { Prediction } from "./prediction";
import { RolloutView } from "./rollout-view";
import { VersionCard } from "./version-card";
import { Versions } from "./versions";

/** A model: its versions and what names them, one version in full, what is tried, and a question by hand. */
export function ModelPage() {
  const { name } = modelRoute.useParams();
  const model = useQuery(modelQuery(name));
  return <Shown query={model}>{(data) => <Content model={data} />}</Shown>;
}

function Content({ model }: { model: Model }) {
  const t = useText();
  const navigate = useNavigate();
  const mayChange = useMayChange();
  const { tab = "versions", ...others } = modelRoute.useSearch();
  const choose = (next: (typeof MODEL_TABS)[number]) => void navigate({ to: "/models/$name", params: { name: model.name }, search: { ...others, tab: next } });
  const tabs = mayChange ? MODEL_TABS : MODEL_TABS.filter((each) => each !== "predict");
  useCommands(mayChange ? [{ id: "models.predict", label: t("models.predictOf", { name: model.name }), shortcut: "n", run: () => choose("predict") }] : []);
  return (
    <Page title={model.name} about={model.description}>
      <div className="row">
        <Segments label={t("models.parts")} choices={tabs.map((value) => ({ value, text: t(`models.tab.${value}`) }))} chosen={tab} onChoose={choose} />
        <Aliases aliases={model.aliases} />
      </div>
      {tab === "versions" && <Versions model={model} />}
      {tab === "card" && <VersionCard model={model} />}
      {tab === "rollout" && <RolloutView model={model} />}
      {tab === "predict" && <Prediction model={model} />}
    </Page>
  );
}
