import type { Messages } from "@lingui/core";

type Catalog = { default: Messages };

const catalogs = import.meta.glob<Catalog>("../**/messages/en.json", { eager: true });

/** The messages of all features, which each keeps beside its pages. */
export const messages: Messages = Object.assign({}, ...Object.values(catalogs).map((catalog) => catalog.default));
