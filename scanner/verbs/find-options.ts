/** The options of a look in its plainest form. */
export const findOptions = {
  flags: ['all', 'verbose', 'quiet', 'json', 'ndjson'],
  values: ['interface', 'source', 'timeout'],
}
