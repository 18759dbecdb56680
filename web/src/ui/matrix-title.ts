/** What the random matrices of a model are called in the page. */
import type { BaseConfig } from '../../../src/families/config.js'
import { matricesOf, parametersOf } from '../../../src/families/family.js'
import { type PairChoice, type PairPlan, pairPlans } from '../../../src/families/pair-plan.js'
import { gainOf, layerOf, type MatrixParameter, type MatrixRole } from '../../../src/families/parameter.js'

/** Names of one matrix. */
export interface MatrixTitle {
  /** What it belongs to: `layer 1`, `embeddings`, `head`; `pairs` where it is part of no model. */
  readonly group: string
  /** What it is called beside others of its group: `queries`, or of a pruned head `head 2, query × key`. */
  readonly part: string
}

/** What a matrix is called in a sentence: `layer 1, queries`. */
export const titleInSentence = ({ group, part }: MatrixTitle): string =>
  group.startsWith('layer ') ? `${group}, ${part}` : part

const roleTitles: Readonly<Record<Exclude<MatrixRole, 'token-embedding'>, string>> = {
  'position-embedding': 'position embedding',
  'type-embedding': 'type embedding',
  query: 'queries',
  key: 'keys',
  value: 'values',
  'attention-output': 'attention output',
  'feed-forward': 'feed-forward in',
  'feed-forward-output': 'feed-forward out',
  head: 'output head',
}

/**
 * The titles of a model's matrices, or of its pairs, by their names in the ticket.
 * @param choice the pairs of a pruned model; null for a searched one
 * @param token what the model reads, such as `byte`, `letter` or `token`
 * @throws RangeError for a construction that does not suit the family
 */
export function matrixTitles(
  config: BaseConfig,
  choice: PairChoice | null,
  token: string,
): ReadonlyMap<string, MatrixTitle> {
  const matrices = matricesOf(config)
  const titleOf = roleNames(matrices, token)
  const parts: readonly (readonly [string, string])[] =
    choice === null
      ? matrices.map(({ name }) => [name, titleOf(name)])
      : pairTitles(config, pairPlans(config, choice), titleOf)
  const firstBlock = parts.findIndex(([name]) => layerOf(name) !== null)
  return new Map(
    parts.map(([name, part], i) => {
      const layer = layerOf(name)
      return [name, { group: layer !== null ? `layer ${layer + 1}` : i < firstBlock ? 'embeddings' : 'head', part }]
    }),
  )
}

/** Titles by the roles of matrices. Where a block has two of a role, the last part of the name tells them apart: `feed-forward in (gate)`. */
function roleNames(matrices: readonly MatrixParameter[], token: string): (name: string) => string {
  const roles = new Map(matrices.map(({ name, role }) => [name, role]))
  const alike = countBy(matrices, ({ name, role }) => `${layerOf(name)} ${role}`)
  return (name) => {
    const role = roles.get(name)!
    const title = role === 'token-embedding' ? `${token} embedding` : roleTitles[role]
    if (alike.get(`${layerOf(name)} ${role}`) === 1) return title
    return `${title} (${name.replace(/^.*\./s, '').replace(/_proj$/, '')})`
  }
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const key of items.map(keyOf)) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}

function pairTitles(
  config: BaseConfig,
  plans: readonly PairPlan[],
  titleOf: (name: string) => string,
): (readonly [string, string])[] {
  const norms = normNames(config)
  const blocks = countBy(plans, (plan) => (plan.part === 'table' ? plan.table : ''))
  const titleOfPlan = (plan: PairPlan): string => {
    switch (plan.part) {
      case 'linear':
        return titleOf(plan.map)
      case 'query-key':
        return `head ${plan.head + 1}, query × key`
      case 'value-output':
        return `head ${plan.head + 1}, value × output`
      case 'rotary':
        return `head ${plan.head + 1}, frequency ${plan.frequency + 1}`
      case 'diagonal':
        return `${norms.get(gainOf(plan.norm.name))}, gains`
      case 'shift':
        return `${norms.get(gainOf(plan.norm.name))}, shifts`
      case 'table': {
        const title = titleOf(plan.table)
        return blocks.get(plan.table) === 1 ? title : `${title}, rows ${plan.from + 1}–${plan.from + plan.inputs}`
      }
    }
  }
  return plans.map((plan) => [plan.name, titleOfPlan(plan)])
}

/** Titles of norms by the names of their gains: numbered in their block; outside of blocks `embedding norm` and `final norm`. */
function normNames(config: BaseConfig): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  const seen = new Map<number | null, number>()
  for (const { name, kind } of parametersOf(config)) {
    if (kind !== 'gain') continue
    const layer = layerOf(name)
    const number = (seen.get(layer) ?? 0) + 1
    seen.set(layer, number)
    names.set(name, layer !== null ? `norm ${number}` : names.size === 0 ? 'embedding norm' : 'final norm')
  }
  return names
}
