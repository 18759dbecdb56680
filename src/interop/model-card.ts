import type { BaseConfig } from '../families/index.js'
import { type OutputFile, textFile } from './output-file.js'

/** What a model card says of where the model came from. */
export interface ModelOrigin {
  /** Name of the model. */
  readonly name: string
  readonly config: BaseConfig
  /** Sentences of what it is, one a line. */
  readonly about: readonly string[]
  /** The command that writes these files again. */
  readonly command: string
  readonly tokenizer: 'bytes' | 'gpt2' | null
  /** What the folder holds its weights as: safetensors, or an ONNX file, by transformers.js's name of its dtype. */
  readonly holds: 'safetensors' | 'fp32' | 'q8' | 'q4'
}

/** `README.md`: what the model is, how to load it and how to make it again. */
export function modelCard({ name, config, about, command, tokenizer, holds }: ModelOrigin): OutputFile {
  const { layers, width, heads, inner, positions, vocabulary } = config
  const shape = `${layers} layers, width ${width}, ${heads} heads, feed-forward ${inner}, context ${positions}, ${vocabulary} tokens`
  const text = `---
library_name: ${holds === 'safetensors' ? 'transformers' : 'transformers.js'}
pipeline_tag: text-generation
tags:
- gpt2
- lottery-ticket
---

# ${name}

${about.join('\n')}

GPT-2 with ${shape}.${tokenizer === 'bytes' ? ' A token is a byte.' : tokenizer === 'gpt2' ? " Tokens are GPT-2's." : ''}

## Load it

${holds === 'safetensors' ? loadInPython(tokenizer) : loadInJavaScript(tokenizer, holds)}

## Make it again

\`\`\`
${command}
\`\`\`

Written by strong-lottery-tickets.
`
  return textFile('README.md', text)
}

const loadInPython = (tokenizer: ModelOrigin['tokenizer']): string => `\`\`\`python
from transformers import ${tokenizer ? 'AutoTokenizer, ' : ''}GPT2LMHeadModel

model = GPT2LMHeadModel.from_pretrained("this/folder")
${tokenizer ? 'tokenizer = AutoTokenizer.from_pretrained("this/folder")\n' : ''}\`\`\``

const loadInJavaScript = (tokenizer: ModelOrigin['tokenizer'], dtype: string): string =>
  tokenizer
    ? `\`\`\`js
import { env, pipeline } from '@huggingface/transformers'

env.allowRemoteModels = false
env.localModelPath = 'the/folder/above'
const generate = await pipeline('text-generation', 'this-folder', { dtype: '${dtype}' })
const [{ generated_text }] = await generate('Once', { max_new_tokens: 40 })
\`\`\``
    : 'In any ONNX Runtime: the file in `onnx/` takes token numbers and gives logits.'
