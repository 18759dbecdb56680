/** The titles of the four views, by the names that addresses know (`#prune`), in the order of the navigation. */
export const viewTitles = {
  prune: 'Prune a head',
  run: 'Run a ticket',
  search: 'Search live',
  report: 'Read the report',
} as const

export type ViewName = keyof typeof viewTitles

export const viewNames = Object.keys(viewTitles) as readonly ViewName[]
