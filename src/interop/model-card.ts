import { type BaseConfig, familyOf } from '../families/index.js'
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
  /** Whether the folder has a tokenizer, one of those or another. */
  readonly hasTokenizer: boolean
  /** What the folder holds its weights as: safetensors, or an ONNX file, by transformers.js's name of its dtype. */
  readonly holds: 'safetensors' | 'fp32' | 'q8' | 'q4' | 'q2'
}

/** `README.md`: what the model is, how to load it and how to make it again. */
export function modelCard({ name, config, about, command, tokenizer, hasTokenizer, holds }: ModelOrigin): OutputFile {
  const { layers, width, heads, inner, positions, vocabulary } = config
  const { title, task, huggingFace } = familyOf(config)
  const isEncoder = task === 'encoder'
  const shape = `${layers} layers, width ${width}, ${heads} heads, feed-forward ${inner}, context ${positions}, ${vocabulary} tokens`
  const text = `---
library_name: ${holds === 'safetensors' ? 'transformers' : 'transformers.js'}
pipeline_tag: ${isEncoder ? 'feature-extraction' : 'text-generation'}
tags:
- ${huggingFace.modelTypes[0]}
- lottery-ticket
---

# ${name}

${about.join('\n')}

${title} with ${shape}.${tokenizer === 'bytes' ? ' A token is a byte.' : tokenizer === 'gpt2' ? " Tokens are GPT-2's." : ''}

## Load it

${holds === 'safetensors' ? loadInPython(hasTokenizer, isEncoder) : loadInJavaScript(hasTokenizer, isEncoder, holds)}

## Make it again

\`\`\`
${command}
\`\`\`

Written by strong-lottery-tickets.
`
  return textFile('README.md', text)
}

function loadInPython(hasTokenizer: boolean, isEncoder: boolean): string {
  const model = isEncoder ? 'AutoModel' : 'AutoModelForCausalLM'
  return `\`\`\`python
from transformers import ${model}${hasTokenizer ? ', AutoTokenizer' : ''}

model = ${model}.from_pretrained("this/folder")
${hasTokenizer ? 'tokenizer = AutoTokenizer.from_pretrained("this/folder")\n' : ''}\`\`\``
}

function loadInJavaScript(hasTokenizer: boolean, isEncoder: boolean, dtype: string): string {
  if (!hasTokenizer) {
    return `In any ONNX Runtime: the file in \`onnx/\` takes token numbers and gives ${isEncoder ? 'hidden states' : 'logits'}.`
  }
  const use = isEncoder
    ? `const embed = await pipeline('feature-extraction', 'this-folder', { dtype: '${dtype}' })
const vectors = await embed(['Once', 'Twice'], { pooling: 'mean', normalize: true })`
    : `const generate = await pipeline('text-generation', 'this-folder', { dtype: '${dtype}' })
const [{ generated_text }] = await generate('Once', { max_new_tokens: 40 })`
  return `\`\`\`js
import { env, pipeline } from '@huggingface/transformers'

env.allowRemoteModels = false
env.localModelPath = 'the/folder/above'
${use}
\`\`\``
}
