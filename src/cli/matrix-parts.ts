/** Pairs of random matrices that stand for one thing: the blocks of a table, the heads of an attention, the frequencies of a rotary head. */
export interface MatrixParts<T> {
  /** `embeddings.word` of `embeddings.word.0`, `h.0.attn.qk` of `h.0.attn.1.qk`; of a single one its own name. */
  readonly name: string
  readonly parts: readonly T[]
}

/**
 * Takes the parts of a matrix together, in the order of their first part. A number is that of a part where it ends the name, and where it is a
 * head's, before `qk` or `vo`.
 */
export function joinParts<T extends { readonly name: string }>(matrices: readonly T[]): MatrixParts<T>[] {
  const byName = new Map<string, T[]>()
  for (const matrix of matrices) {
    const name = matrix.name.replace(/\.\d+$/, '').replace(/\.\d+\.(qk|vo)$/, '.$1')
    const own = byName.get(name)
    if (own) own.push(matrix)
    else byName.set(name, [matrix])
  }
  return [...byName].map(([name, parts]) => ({ name: parts.length === 1 ? parts[0].name : name, parts }))
}

/** The name in a table: `embeddings.word, 248 parts`. */
export const partsName = ({ name, parts }: MatrixParts<unknown>): string =>
  parts.length === 1 ? name : `${name}, ${parts.length} parts`
