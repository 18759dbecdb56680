/** Safetensors files whose headers and bytes are wrong. */
import { type Dtype, memorySource, openSafetensors, tensorBytes } from '../../src/safetensors/index.js'
import { encodeSafetensors } from '../../src/safetensors/layout.js'
import { createMemoryBudget } from '../../src/safetensors/memory-budget.js'
import type { CaseRandom } from './case-random.js'
import { changedBytes, changedNumber, hostileValue, withHeader } from './changes.js'

const dtypes: readonly Dtype[] = ['U8', 'U16', 'F32', 'F64', 'BF16']

function smallFile(random: CaseRandom): Uint8Array {
  const tensors = Array.from({ length: random.next(5) }, (_, i) => {
    const dtype = random.one(dtypes)
    const shape = Array.from({ length: random.next(4) }, () => random.next(5))
    const name = `${random.one(['a', 'wte.weight', 'ä', '__proto__', 'constructor'])}${i === 0 ? '' : i}`
    return { name, dtype, shape, bytes: new Uint8Array(tensorBytes(dtype, shape)).fill(random.next(256)) }
  })
  return encodeSafetensors(tensors, random.next(2) === 0 ? {} : { slt: '{}', more: 'ü' })
}

/** A header of which one value is another. */
function changedValue(random: CaseRandom, json: string): string {
  const header = JSON.parse(json) as Record<string, Record<string, unknown>>
  const entry = header[random.one(Object.keys(header))]
  const keys = Object.keys(entry)
  entry[random.next(5) === 0 ? 'more' : random.one(keys)] = hostileValue(random)
  return JSON.stringify(header)
}

const changes: readonly ((random: CaseRandom, file: Uint8Array) => Uint8Array)[] = [
  changedBytes,
  (random, file) => withHeader(file, (json) => changedNumber(random, json)),
  (random, file) => withHeader(file, (json) => changedValue(random, json)),
  (random, file) =>
    withHeader(file, (json) => {
      const text = changedBytes(random, new TextEncoder().encode(json))
      return new TextDecoder('latin1').decode(text)
    }),
]

/** The file of a case. */
export const safetensorsCase = (random: CaseRandom): Uint8Array => random.one(changes)(random, smallFile(random))

/** Opens a file and reads every tensor. @throws InputError where it is refused */
export async function readSafetensors(bytes: Uint8Array, memoryLimit: number): Promise<void> {
  const file = await openSafetensors(memorySource(bytes, 'x'), createMemoryBudget('x', memoryLimit))
  for (const name of file.tensors.keys()) await file.readTensor(name)
}
