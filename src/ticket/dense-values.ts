/** Throws unless the values are float32, as many as the shape asks, all finite. */
export function assertFiniteValues(name: string, shape: readonly number[], values: Float32Array): void {
  const count = shape.reduce((product, size) => product * size, 1)
  if (!(values instanceof Float32Array)) throw new TypeError(`"${name}" expected a Float32Array`)
  if (values.length !== count) throw new RangeError(`"${name}" expected ${count} values, got ${values.length}`)
  for (let i = 0; i < count; i++) {
    if (!Number.isFinite(values[i])) throw new RangeError(`"${name}" expected finite values, got ${values[i]} at ${i}`)
  }
}
