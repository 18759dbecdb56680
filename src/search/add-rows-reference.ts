/**
 * As `addRows` of the kernels, on any arrays: table[indices[r]] += rows[r] in float32, in the order of r.
 * @param table float32 [height, width]
 * @param rows float32 [indices.length, width]
 */
export function addRowsReference(table: Float32Array, rows: Float32Array, indices: Int32Array): void {
  const width = rows.length / indices.length
  indices.forEach((index, r) => {
    for (let c = 0; c < width; c++) table[index * width + c] += rows[r * width + c]
  })
}
