import type { Check } from './verify-predictions.js'

/**
 * With how many items a pruning may pass the checks that it fails now. Errors of weights fall by about half with an item; the divergence, and
 * 1 - cosine, fall with the square of the error, and the share of likeliest tokens that change falls with the error itself. It is a guess: it
 * only says where to try next, and weights out of reach ask for more.
 * @param items of the pruning, 1 to 256
 * @param checks of its predictions or embeddings
 * @returns more than `items` and at most 256; undefined where no check fails, or no number helps
 */
export function itemsToTry(items: number, checks: readonly Check[]): number | undefined {
  const further = checks.filter(({ passed }) => !passed).map(furtherItems)
  if (further.length === 0 || items >= 256) return undefined
  return Math.min(256, items + Math.max(...further))
}

/** Further items where the value is not finite, which no rule covers. */
const MANY = 8

function furtherItems({ name, value = Number.NaN, limit = Number.NaN }: Check): number {
  const halvings = name === 'greedy tokens' ? Math.log2((1 - value) / (1 - limit)) : Math.log2(value / limit) / 2
  return Number.isFinite(halvings) ? Math.max(1, Math.ceil(halvings)) : MANY
}
