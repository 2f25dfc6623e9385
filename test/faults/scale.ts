/** Whether the loads are those that are promised, in minutes, or a short version of them for every run of the tests. */
export const long = process.env["FAULTS"] === "long";
