import { answerOf, api, type Schemas } from "~/api/client";

export type NewCluster = Schemas["ClusterCreate"];

const of = (name: string) => ({ params: { path: { name } } });

/** Registers a cluster, with a pair of keys of its own. Throws `Refused`. */
export function createCluster(body: NewCluster) {
  return answerOf(api.POST("/api/v1/clusters", { body }));
}

/** Confirms the key that a host has shown. Throws `Refused`. */
export function trust(name: string, fingerprint: string) {
  return answerOf(api.POST("/api/v1/clusters/{name}/trust", { ...of(name), body: { fingerprint } }));
}

/** Has the connector look at everything anew, also where it was not let in. Throws `Refused`. */
export function probe(name: string) {
  return answerOf(api.POST("/api/v1/clusters/{name}/probe", of(name)));
}

/** Sends it no further jobs, or sends it jobs again. Throws `Refused`. */
export function setDraining(name: string, isDraining: boolean) {
  return answerOf(api.POST(isDraining ? "/api/v1/clusters/{name}/drain" : "/api/v1/clusters/{name}/resume", of(name)));
}

/** Deletes it with its key. Throws `Refused`, while jobs are active there for instance. */
export function deleteCluster(name: string) {
  return answerOf(api.DELETE("/api/v1/clusters/{name}", of(name)));
}
