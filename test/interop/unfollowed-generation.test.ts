import { describe, expect, test } from 'vitest'
import { refuseAdapter, unfollowedGeneration } from '../../src/interop/index.js'
import { InputError } from '../../src/safetensors/index.js'

const json = (value: object, source: string) => ({ text: JSON.stringify(value), source })
const config = json({ repetition_penalty: 5, num_beams: 1, min_length: 0 }, 'config.json')

describe('what a folder says of generation and we do not follow', () => {
  test('is named, of generation_config.json, or of config.json without it', () => {
    const said = 'transformers follows it when it generates, we do not'
    expect(unfollowedGeneration(config, null)).toBe(`config.json: ${said}: repetition_penalty 5`)
    const generation = json(
      { suppress_tokens: [142], no_repeat_ngram_size: 2, temperature: 0.7 },
      'generation_config.json',
    )
    expect(unfollowedGeneration(config, generation)).toBe(
      `generation_config.json: ${said}: no_repeat_ngram_size 2, suppress_tokens [142]`,
    )
  })

  test('is nothing where it does nothing', () => {
    const idle = { repetition_penalty: 1, suppress_tokens: [], min_length: 0, bad_words_ids: null, eos_token_id: 3 }
    expect(unfollowedGeneration(config, json(idle, 'generation_config.json'))).toBeUndefined()
  })
})

test('an adapter beside a model is refused by name, where there is one', async () => {
  const opening = (there: string) => async (name: string) => {
    if (name !== there) throw new InputError(`${name}: no such file`)
    return { name: `folder/${name}`, size: 0, read: async () => new Uint8Array(0) }
  }
  await expect(refuseAdapter(opening('adapter_config.json'))).rejects.toThrow(
    'folder/adapter_config.json: adapters are not supported',
  )
  await expect(refuseAdapter(opening('config.json'))).resolves.toBeUndefined()
})
