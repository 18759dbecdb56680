import type { TrainedTarget, TrainTargetOptions } from '../experiments/index.js'
import { bytesText } from '../inspect/bytes-text.js'
import { interruptible } from './interrupt.js'
import { createProgress } from './progress.js'
import { createTerminal, secondsText, table } from './terminal.js'

/** What `slt train --task angular-velocity` understands of the options of `slt train`. */
export interface AngularVelocityFlags {
  seed?: bigint
  batch?: number
  lr?: number
  weightDecay?: number
  out?: string
  force?: boolean
  json?: boolean
}

const understood = ['seed', 'batch', 'lr', 'weightDecay', 'out', 'force', 'json']

/** Trains the target of Figures 4 and 5 on one thread, whose sums do not depend on the machine's cores; shows progress. */
export async function trainTargetHere(
  options: Pick<TrainTargetOptions, 'seed' | 'training' | 'signal'>,
): Promise<TrainedTarget> {
  const [{ trainTarget }, { createGraphRunner }, { loadKernels }] = await Promise.all([
    import('../experiments/index.js'),
    import('../engine/onnx.js'),
    import('../engine/node.js'),
  ])
  const progress = createProgress('epochs')
  return trainTarget({
    ...options,
    runner: createGraphRunner({ threads: 1 }),
    instantiate: loadKernels,
    onProgress: ({ done, total, label }) => progress.update(done, total, label),
  }).finally(progress.stop)
}

/** Runs `slt train --task angular-velocity`: four float32 matrices and the regression token go into a safetensors file. */
export async function trainAngularVelocity(flags: AngularVelocityFlags): Promise<void> {
  const foreign = Object.keys(flags).find((name) => !understood.includes(name))
  if (foreign !== undefined) {
    const option = foreign.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    throw new RangeError(
      `"${option}" expected nothing: --task angular-velocity takes --seed, --batch, --lr and --weight-decay`,
    )
  }
  const terminal = createTerminal(flags)
  const { seed = 0n, out = 'angular-velocity.safetensors', batch, lr: learningRate, weightDecay } = flags
  const given = Object.entries({ batch, learningRate, weightDecay }).filter(([, value]) => value !== undefined)
  const training = Object.fromEntries(given)
  const [{ writeAtomically }, { assertWritable }] = await Promise.all([
    import('../files/files.js'),
    import('../files/output-path.js'),
  ])
  const replaces = await assertWritable(out, { force: flags.force })
  const trained = await interruptible((signal) => trainTargetHere({ seed, training, signal }))
  const bytes = await encodeTarget(trained)
  await writeAtomically(out, (sink) => sink.write(0, bytes), { replaces })

  const { epochs, test, seconds } = trained.report
  const rows = epochs.map(({ train, valid }, i) => [String(i + 1), train.toFixed(4), valid.toFixed(4)])
  terminal.print(table(terminal.colour, ['epoch', 'training loss', 'validation loss'], rows))
  terminal.print()
  terminal.print(
    `test loss ${test.meanSquare.toFixed(4)} (always answering the mean: ${test.variance.toFixed(4)}), correlation ${test.correlation.toFixed(3)}`,
  )
  terminal.print(`${secondsText(seconds)}; ${terminal.colour.bold(out)}, ${bytesText(bytes.length)}`)
  terminal.result({ out, outBytes: bytes.length, ...trained.report })
}

/** `query`, `key` [2, d_K], `value` [2, d_V], `output` [d_V, 1] and `token` [2], float32; the report as JSON in the metadata. */
async function encodeTarget({ attention, token, report }: TrainedTarget): Promise<Uint8Array> {
  const { encodeSafetensors, float32Bytes } = await import('../safetensors/index.js')
  const { seconds: _, ...reached } = report // the same training gives the same file
  const [head] = attention.heads
  if (head.kind !== 'factored') throw new Error('a trained head has its four matrices')
  const { keyWidth, valueWidth, query, key, value, output } = head
  const tensors = [
    { name: 'query', shape: [2, keyWidth], data: query },
    { name: 'key', shape: [2, keyWidth], data: key },
    { name: 'value', shape: [2, valueWidth], data: value },
    { name: 'output', shape: [valueWidth, 1], data: output },
    { name: 'token', shape: [2], data: token },
  ]
  return encodeSafetensors(
    tensors.map(({ name, shape, data }) => ({
      name,
      dtype: 'F32',
      shape,
      bytes: float32Bytes(Float32Array.from(data)),
    })),
    { 'slt-angular-velocity': JSON.stringify({ version: '1', ...reached }) },
  )
}
