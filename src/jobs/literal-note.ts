/**
 * What a user of a pruned ticket should know before it runs, in one line.
 * @param items n', random products for a weight
 */
export const literalNote = (items: number): string =>
  `literal: every weight is summed from ${items} random products, so it is much slower than its target; slt export makes a dense model of it, which runs as fast as others of its size`
