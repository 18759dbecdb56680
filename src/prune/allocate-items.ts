/** How many items each matrix gets, so that a ticket of a wanted divergence has the fewest bits. */

/** What is known of a pair. */
export interface ItemsChoice {
  readonly name: string
  /** Its items when its divergence was measured. */
  readonly items: number
  /** In nats a token, >= 0. */
  readonly divergence: number
  /** Bits that one more item costs, > 0: a mask bit an output and 16 bits of the coordinate, for each input. */
  readonly bits: number
}

/** An error falls by about half with an item, and the divergence with its square. */
const FALL = 4

/** By so many items the law is carried on below and above what was measured. Below 4 items many weights are out of reach. */
const FEWER = 5
const FURTHER = 8
const LEAST = 4

/**
 * Minimises the sum of bits under `sum over pairs of divergence * 4^(measured - items) <= target`. Item by item, the next one goes to the pair in
 * which it saves most nats a bit. Without bounds and rounding the least bits are those with divergence / bits equal in all pairs.
 * @param target nats a token, > 0
 * @param most items of a pair, an integer >= 1
 * @returns items by name, and the divergence that the law expects of them, which exceeds `target` where no pair may have more
 */
export function allocateItems(
  pairs: readonly ItemsChoice[],
  target: number,
  most: number,
): { items: Map<string, number>; expected: number } {
  const state = pairs.map(({ items, divergence }) => {
    const least = Math.max(Math.min(LEAST, items), items - FEWER)
    return { items: least, most: Math.min(most, items + FURTHER), divergence: divergence * FALL ** (items - least) }
  })
  const total = () => state.reduce((sum, { divergence }) => sum + divergence, 0)
  let expected = total()
  while (expected > target) {
    let best = -1
    let rate = 0
    for (const [i, one] of state.entries()) {
      const saved = one.divergence / pairs[i].bits
      if (one.items < one.most && saved > rate) [best, rate] = [i, saved]
    }
    if (best < 0) break
    state[best].items++
    state[best].divergence /= FALL
    expected = total()
  }
  return { items: new Map(pairs.map(({ name }, i) => [name, state[i].items])), expected }
}
