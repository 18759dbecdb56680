import { writeAtomically } from './files.js'
import type { Replaces } from './place-file.js'

/** `\x93NUMPY` and the version 1.0 of the format. */
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]

/** The header of a file of NumPy (NEP 1, version 1.0): float32, little-endian, row-major; with the magic number a multiple of 64 bytes. */
function npyHeader(rows: number, columns: number): Uint8Array {
  const described = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`
  const before = MAGIC.length + 2
  const size = 64 * Math.ceil((before + described.length + 1) / 64) - before
  const text = `${described.padEnd(size - 1)}\n`
  return Uint8Array.of(...MAGIC, size & 0xff, size >> 8, ...new TextEncoder().encode(text))
}

/**
 * Writes a float32 matrix as a `.npy` file, whole or not at all: `numpy.load` reads it.
 * @param data [rows, columns], row-major
 * @throws InputError when it cannot be written
 */
export async function writeNpy(path: string, data: Float32Array, rows: number, replaces: Replaces): Promise<void> {
  const header = npyHeader(rows, data.length / rows)
  const bytes = new Uint8Array(4 * data.length)
  const view = new DataView(bytes.buffer)
  for (const [i, value] of data.entries()) view.setFloat32(4 * i, value, true)
  const write = async (sink: { write(offset: number, bytes: Uint8Array): Promise<void> }) => {
    await sink.write(0, header)
    await sink.write(header.length, bytes)
  }
  await writeAtomically(path, write, { replaces })
}
