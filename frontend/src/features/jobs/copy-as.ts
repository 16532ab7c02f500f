/** What a submission says, as far as it is copied. */
export interface Request {
  plugin_name: string;
  plugin_version?: string;
  input_data: unknown;
  priority?: number;
}

/** Returns the command that submits the same by HTTP; the key stays a variable. */
export function asCurl(request: Request): string {
  const { priority, ...others } = request;
  const body = JSON.stringify(priority ? request : others);
  return [`curl -X POST ${location.origin}/api/v1/jobs`, `-H "X-API-Key: $SATELLITE_API_KEY"`, `-H 'Content-Type: application/json'`, `-d ${quoted(body)}`].join(" \\\n  ");
}

/** Returns the program that does the same by the Python client. */
export function asPython({ plugin_name, plugin_version, input_data }: Request): string {
  const version = plugin_version === undefined ? "" : `, version=${JSON.stringify(plugin_version)}`;
  return [
    "import json",
    "import os",
    "",
    "from satellite.client import SatelliteClient",
    "",
    `with SatelliteClient(${JSON.stringify(location.origin)}, api_key=os.environ["SATELLITE_API_KEY"]) as client:`,
    `    input_data = json.loads(${JSON.stringify(JSON.stringify(input_data))})`,
    `    job = client.submit(${JSON.stringify(plugin_name)}, input_data${version})`,
    "    print(client.wait(job.id).result)",
  ].join("\n");
}

/** Returns the command of `satellite` that does the same. */
export function asShell({ plugin_name, plugin_version, input_data }: Request): string {
  const version = plugin_version === undefined ? "" : ` --version ${quoted(plugin_version)}`;
  return `satellite run ${quoted(plugin_name)}${version} --input ${quoted(JSON.stringify(input_data))} --wait`;
}

/** Returns a text as a shell takes it for one word. */
export function quoted(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
