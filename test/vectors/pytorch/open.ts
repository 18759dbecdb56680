import { readFile } from 'node:fs/promises'
import { memorySource, openSafetensors, toFloat32 } from '../../../src/safetensors/index.js'

/** A file of this folder, all of it. */
export async function openVectors<Metadata>(name: string) {
  const bytes = await readFile(new URL(`${name}.safetensors`, import.meta.url))
  const file = await openSafetensors(memorySource(bytes, name))
  const raw = new Map<string, Uint8Array>()
  for (const each of file.tensors.keys()) raw.set(each, await file.readTensor(each))
  const bytesOf = (tensor: string) => Uint8Array.from(raw.get(tensor)!)
  return {
    names: [...raw.keys()],
    metadata: Object.fromEntries(
      [...file.metadata].flatMap(([key, text]) => (key === 'format' ? [] : [[key, JSON.parse(text)]])),
    ) as Metadata,
    shape: (tensor: string) => file.tensors.get(tensor)!.shape,
    floats: (tensor: string) => toFloat32('F32', bytesOf(tensor)),
    integers: (tensor: string) => new Int32Array(bytesOf(tensor).buffer),
    bytes: bytesOf,
  }
}

/** Largest difference of two arrays of one length. */
export function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`lengths ${a.length} and ${b.length}`)
  let most = 0
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i])
    if (!(difference <= most)) most = difference // NaN stays
  }
  return most
}
