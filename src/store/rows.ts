/** A row whose nullable columns became optional fields. */
export type WithoutNulls<Row> = { [Key in keyof Row as null extends Row[Key] ? never : Key]: Row[Key] } & {
  [Key in keyof Row as null extends Row[Key] ? Key : never]?: Exclude<Row[Key], null>;
};

/** The row without its null columns: in the ports a missing value is a missing field. */
export function withoutNulls<Row extends object>(row: Row): WithoutNulls<Row> {
  // The cast states what the filter does; the compiler cannot follow it through entries.
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as WithoutNulls<Row>;
}
