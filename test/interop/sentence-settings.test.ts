import { describe, expect, test } from 'vitest'
import { readSentenceSettings } from '../../src/interop/sentence-settings.js'
import { InputError, memorySource } from '../../src/safetensors/index.js'

type Files = Readonly<Record<string, unknown>>

const opening = (files: Files) => async (name: string) => {
  if (files[name] === undefined) throw new InputError(`${name}: no such file`, { cause: { code: 'ENOENT' } })
  const text = typeof files[name] === 'string' ? files[name] : JSON.stringify(files[name])
  return memorySource(new TextEncoder().encode(text), name)
}

const model = { positions: 512, width: 384 }
const read = (files: Files) => readSentenceSettings(opening(files), model)

const module = (name: string, path: string) => ({
  idx: 0,
  name: '0',
  path,
  type: `sentence_transformers.models.${name}`,
})

/** The files of all-MiniLM-L6-v2. */
const miniLm: Files = {
  'modules.json': [module('Transformer', ''), module('Pooling', '1_Pooling'), module('Normalize', '2_Normalize')],
  'sentence_bert_config.json': { max_seq_length: 256, do_lower_case: false },
  '1_Pooling/config.json': {
    word_embedding_dimension: 384,
    pooling_mode_cls_token: false,
    pooling_mode_mean_tokens: true,
    pooling_mode_max_tokens: false,
    pooling_mode_mean_sqrt_len_tokens: false,
  },
  'config_sentence_transformers.json': { __version__: { sentence_transformers: '2.0.0' } },
}

describe('how a folder makes one vector of a sentence', () => {
  test('as all-MiniLM-L6-v2 says', async () => {
    expect(await read(miniLm)).toEqual({
      maxLength: 256,
      pooling: 'mean',
      normalise: true,
      lowerCase: false,
      prompt: '',
      warnings: [],
    })
  })

  test('a plain folder has mean pooling, no normalisation and all its positions, and says so', async () => {
    const said = 'mean pooling without normalisation, because there is no modules.json of sentence-transformers'
    expect(await read({})).toEqual({
      maxLength: 512,
      pooling: 'mean',
      normalise: false,
      lowerCase: false,
      prompt: '',
      warnings: [said],
    })
  })

  test('without modules.json no other file of sentence-transformers is read, and the ones that are there are named', async () => {
    const files = { 'sentence_bert_config.json': { max_seq_length: 128, do_lower_case: true } }
    const { warnings, ...found } = await read({
      ...files,
      'config_sentence_transformers.json': { prompts: { a: 'A' }, default_prompt_name: 'a' },
    })
    expect(found).toMatchObject({ maxLength: 512, lowerCase: false, prompt: '' })
    expect(warnings[0]).toContain('sentence_bert_config.json and config_sentence_transformers.json not read')
  })

  test.each([
    [{ pooling_mode_cls_token: true }, 'cls'],
    [{ pooling_mode_max_tokens: true, include_prompt: true }, 'max'],
    [{ embedding_dimension: 384, pooling_mode: 'cls' }, 'cls'],
    [{ pooling_mode: 'cls', pooling_mode_mean_tokens: true }, 'cls'],
    [{ pooling_mode: ['max'], pooling_mode_lasttoken: true }, 'max'],
  ])('the pooling of %j is %s', async (config, pooling) => {
    const modules = [module('Transformer', ''), module('Pooling', 'pool')]
    const files = { ...miniLm, 'modules.json': modules, 'pool/config.json': config }
    expect(await read(files)).toMatchObject({ pooling, normalise: false })
  })

  test('small letters and a default prompt are read', async () => {
    const files = {
      ...miniLm,
      'sentence_bert_config.json': { max_seq_length: null, do_lower_case: true },
      'config_sentence_transformers.json': { prompts: { query: 'query: ' }, default_prompt_name: 'query' },
    }
    expect(await read(files)).toMatchObject({ maxLength: 512, lowerCase: true, prompt: 'query: ' })
  })

  test.each<[string, Files, string]>([
    [
      'a module',
      { 'modules.json': [module('Transformer', ''), module('Pooling', '1_Pooling'), module('Dense', '2_Dense')] },
      'modules.json: module "sentence_transformers.models.Dense" is not supported',
    ],
    [
      'a module of others',
      { 'modules.json': [{ type: 'my.models.Pooling', path: '' }] },
      'modules.json: module "my.models.Pooling" is not supported',
    ],
    [
      'modules in another order',
      { 'modules.json': [module('Pooling', '1_Pooling'), module('Transformer', '')] },
      'modules.json: expected Transformer, Pooling and perhaps Normalize, got Pooling, Transformer',
    ],
    [
      'no modules',
      { 'modules.json': [] },
      'modules.json: expected Transformer, Pooling and perhaps Normalize, got none',
    ],
    ['no list', { 'modules.json': {} }, 'modules.json: expected a list of modules, got {}'],
    [
      'a path outside',
      { 'modules.json': [module('Transformer', '../x')] },
      `modules.json: path expected a folder's name, got "../x"`,
    ],
    [
      'two poolings',
      { '1_Pooling/config.json': { pooling_mode_mean_tokens: true, pooling_mode_cls_token: true } },
      '1_Pooling/config.json: "pooling_mode_mean_tokens", "pooling_mode_cls_token" is not supported; what is: one of mean, cls, max',
    ],
    [
      'no pooling',
      { '1_Pooling/config.json': {} },
      '1_Pooling/config.json: no pooling is not supported; what is: one of mean, cls, max',
    ],
    [
      'a pooling by its name',
      { '1_Pooling/config.json': { pooling_mode: 'lasttoken' } },
      '1_Pooling/config.json: pooling_mode "lasttoken" is not supported; what is: mean, cls, max',
    ],
    [
      'another width',
      { '1_Pooling/config.json': { word_embedding_dimension: 768, pooling_mode_mean_tokens: true } },
      "1_Pooling/config.json: a dimension of 768, where the model's hidden states have 384",
    ],
    [
      'no configuration of the pooling',
      { '1_Pooling/config.json': undefined },
      '1_Pooling/config.json: no such file, though modules.json names it',
    ],
    [
      'more tokens than positions',
      { 'sentence_bert_config.json': { max_seq_length: 513 } },
      "sentence_bert_config.json: max_seq_length expected an integer from 1 to the model's 512 positions, got 513",
    ],
    [
      'a flag that is none',
      { 'sentence_bert_config.json': { do_lower_case: 1 } },
      'sentence_bert_config.json: do_lower_case expected true or false, got 1',
    ],
    [
      'a prompt that is none',
      { 'config_sentence_transformers.json': { default_prompt_name: 'query' } },
      'config_sentence_transformers.json: default_prompt_name expected one of the prompts, got "query"',
    ],
    ['what is no JSON', { 'sentence_bert_config.json': '{' }, 'sentence_bert_config.json: '],
  ])('%s is refused by name', async (_, change, message) => {
    await expect(read({ ...miniLm, ...change })).rejects.toThrow(InputError)
    await expect(read({ ...miniLm, ...change })).rejects.toThrow(message)
  })
})
