/** Values of the labels by their names, of one sample. */
export type Labels = Readonly<Record<string, string>>;

/** What is not known is undefined, and gets no line. */
export type Sample = readonly [labels: Labels, value: number | boolean | undefined];

/** All samples of one metric. A name that ends in "_total" makes it a counter, any other a gauge. */
export interface MetricFamily {
  readonly name: string;
  /** One line. */
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** Metrics in Prometheus' text format 0.0.4. One without samples is left out. */
export function metricsText(families: readonly MetricFamily[]): string {
  const texts = new Map<Labels, string>();
  return families.map((family) => familyText(family, texts)).join("");
}

/** Families that share their labels share the text of them: it is most of the work. */
function familyText({ name, help, samples }: MetricFamily, texts: Map<Labels, string>): string {
  const lines = samples.flatMap(([labels, value]) => {
    if (value === undefined) return [];
    const text = texts.get(labels) ?? labelText(labels);
    texts.set(labels, text);
    return [`${name}${text} ${Number(value)}\n`];
  });
  if (lines.length === 0) return "";
  const type = name.endsWith("_total") ? "counter" : "gauge";
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length > 0 ? `{${pairs.join(",")}}` : "";
}

/** Names are a stranger's to choose: none may end its line. */
function escaped(value: string): string {
  return value.replace(/["\\]/g, "\\$&").replace(/\n/g, "\\n");
}
