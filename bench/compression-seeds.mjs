// The same rows measured for several seeds, as one.

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length

/**
 * Means over seeds. `losses` has the loss of each seed; `deviation` is the sample deviation, absent for one seed.
 * @param ofSeeds rows of each seed, the same models in the same order
 */
export function overSeeds(ofSeeds) {
  const [first] = ofSeeds
  return first.map((row, i) => {
    const own = ofSeeds.map((rows) => rows[i])
    const other = own.find(({ name }) => name !== row.name)
    if (other) throw new Error(`row ${i} is ${row.name} for one seed and ${other.name} for another`)
    const losses = own.map(({ loss }) => loss)
    const loss = mean(losses)
    const squares = losses.reduce((sum, value) => sum + (value - loss) ** 2, 0)
    return {
      ...row,
      bytes: Math.round(mean(own.map(({ bytes }) => bytes))),
      bitsPerWeight: mean(own.map(({ bitsPerWeight }) => bitsPerWeight)),
      ...(row.entropyBytes === undefined
        ? {}
        : { entropyBytes: Math.round(mean(own.map(({ entropyBytes }) => entropyBytes))) }),
      loss,
      losses,
      ...(losses.length > 1 ? { deviation: Math.sqrt(squares / (losses.length - 1)) } : {}),
    }
  })
}
