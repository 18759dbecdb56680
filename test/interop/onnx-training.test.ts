import * as ort from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { familyOf, type LossModel, lossParameters, parametersIn, weightsOf } from '../../src/families/index.js'
import { openFile } from '../../src/files/files.js'
import { checkTrainingBatch, denseTrainingFile, readModelFolder, ticketTrainingFile } from '../../src/interop/index.js'
import { expectedOf, familyFolder } from '../vectors/families/open.js'
import { farthest, openVectors } from '../vectors/pytorch/open.js'
import { bytesOf, type Feeds, floats as floatTensor, loadOnnx } from './output.js'

interface Metadata extends LossModel {
  readonly loss: number
}

describe.each(['relu', 'learned-norms', 'untied-head'])('PyTorch: %s', async (name) => {
  const { metadata, shape, floats, integers } = await openVectors<Metadata>(`gpt2-${name}`)
  const { config } = metadata
  const [batch, length] = shape('tokens')
  const data: Feeds = {
    tokens: new ort.Tensor('int32', integers('tokens'), [batch, length]),
    targets: new ort.Tensor('int32', integers('targets'), [batch, length]),
  }
  const parameters = lossParameters(metadata)

  test('with its weights inside: loss and gradients by the names of a ticket within 1e-6', async () => {
    const file = ticketTrainingFile('step.onnx', metadata, floats, { batch, length, weights: 'initializers' })
    const { session, run } = await loadOnnx(file)
    expect([...session.inputNames]).toEqual(['tokens', 'targets'])
    expect([...session.outputNames].sort()).toEqual(['loss', ...parameters.map((each) => `d.${each.name}`)].sort())
    const results = await run(data)
    expect(Math.abs(results.loss[0] - metadata.loss)).toBeLessThan(1e-6)
    for (const each of parameters) {
      expect(farthest(results[`d.${each.name}`], floats(`d.${each.name}`)), each.name).toBeLessThan(1e-6)
    }
  })

  test('with weights as inputs: the file holds none, and the loss follows what is fed', async () => {
    const options = { batch, length, weights: 'inputs' } as const
    const file = ticketTrainingFile('step.onnx', metadata, floats, options)
    const whole = ticketTrainingFile('step.onnx', metadata, floats, { ...options, weights: 'initializers' })
    const numbers = parameters.reduce((sum, each) => sum + floats(each.name).length, 0)
    expect(whole.size - file.size).toBeGreaterThan(4 * numbers)
    const { session, run } = await loadOnnx(file)
    expect(session.inputNames).toContain('h.0.attn.q')
    const fed = (factor: number) =>
      Object.fromEntries(
        parameters.map((p) => [
          p.name,
          floatTensor(
            p.shape,
            floats(p.name).map((w) => w * factor),
          ),
        ]),
      )
    expect(Math.abs((await run({ ...data, ...fed(1) })).loss[0] - metadata.loss)).toBeLessThan(1e-6)
    expect(Math.abs((await run({ ...data, ...fed(0) })).loss[0] - Math.log(config.vocabulary))).toBeLessThan(1e-6)
  })

  test('as a dense model: the same file', async () => {
    const weights = weightsOf(parameters, floats)
    const options = { batch, length, weights: 'initializers' } as const
    const dense = denseTrainingFile('step.onnx', config, weights, options)
    expect(bytesOf(dense)).toEqual(bytesOf(ticketTrainingFile('step.onnx', metadata, floats, options)))
  })
})

describe.each(['llama', 'qwen2', 'bert'])('PyTorch: a folder of transformers, %s', (name) => {
  test('loss and gradients of every parameter, biases too, within 1e-5', async () => {
    const { config, weights } = await readModelFolder((file) => openFile(familyFolder(name) + file))
    const { tokens, targets, mask, tokenTypes, loss, d } = (await expectedOf(name)).gradients!
    const [batch, length] = [tokens.length, tokens[0].length]
    const int32 = (rows: readonly (readonly number[])[]) =>
      new ort.Tensor('int32', Int32Array.from(rows.flat()), [batch, length])
    const float32 = (rows: readonly (readonly number[])[]) =>
      floatTensor([batch, length], Float32Array.from(rows.flat()))
    const isEncoder = familyOf(config).task === 'encoder'
    const data: Feeds = {
      tokens: int32(tokens),
      targets: int32(targets.map((row) => row.map((target) => Math.max(0, target)))),
    }
    if (isEncoder) {
      data.mask = float32(mask!)
      data.types = int32(tokenTypes!)
      data.counts = float32(targets.map((row) => row.map((target) => (target < 0 ? 0 : 1))))
    }
    const { session, run } = await loadOnnx(
      denseTrainingFile('step.onnx', config, weights, { batch, length, weights: 'initializers' }),
    )
    expect([...session.inputNames].sort()).toEqual(Object.keys(data).sort())
    const results = await run(data)
    expect(Math.abs(results.loss[0] - loss)).toBeLessThan(1e-5)
    expect(Object.keys(results).sort()).toEqual(['loss', ...[...weights.keys()].map((key) => `d.${key}`)].sort())
    for (const recipe of familyOf(config).huggingFace.tensors(config)) {
      for (const [key, gradient] of parametersIn(recipe, d.get(recipe.name)!.data, config)) {
        expect(farthest(results[`d.${key}`], gradient.data), key).toBeLessThan(1e-5)
      }
    }
  })
})

test('a length beyond the context is refused', async () => {
  const { metadata, floats } = await openVectors<Metadata>('gpt2-relu')
  const options = { batch: 1, length: 13, weights: 'inputs' } as const
  expect(() => ticketTrainingFile('step.onnx', metadata, floats, options)).toThrow(
    new RangeError('"length" expected an integer <= 12, got 13'),
  )
})

test('a batch is at most 2^20 tokens, unless it is one sequence', async () => {
  const { metadata, floats } = await openVectors<Metadata>('gpt2-relu')
  const make = (batch: number, length = 12) =>
    ticketTrainingFile('step.onnx', metadata, floats, { batch, length, weights: 'inputs' })
  for (const batch of [87382, 1e8, 1e300]) {
    expect(() => make(batch)).toThrow(
      new RangeError(`"batch" expected an integer <= 87381 with 12 tokens a sequence (1048576 in all), got ${batch}`),
    )
  }
  for (const batch of [0, -1, 1.5, Number.NaN]) {
    expect(() => make(batch)).toThrow(new RangeError(`"batch" expected an integer >= 1, got ${batch}`))
  }
  expect(() => make(1, 0)).toThrow(new RangeError('"length" expected an integer >= 1, got 0'))
  expect(() => checkTrainingBatch(2 ** 22, { batch: 1, length: 2 ** 22 })).not.toThrow()
  expect(() => checkTrainingBatch(1e9, { batch: 1, length: 1e9 })).toThrow('"length" expected an integer <= 4194304')
  expect(() => checkTrainingBatch(2 ** 22, { batch: 2, length: 2 ** 22 })).toThrow('"batch" expected an integer <= 1 ')
})

test('a file does not grow with its batch', async () => {
  const { metadata, floats } = await openVectors<Metadata>('gpt2-untied-head')
  const size = (batch: number) =>
    ticketTrainingFile('step.onnx', metadata, floats, { batch, length: 12, weights: 'initializers' }).size
  expect(size(87381) - size(1)).toBeLessThan(500) // longer numbers of the shapes
})
