/**
 * Keys of any model's `config.json`, by what they do in transformers' PretrainedConfig (transformers 4 and 5). A family's layout has those of
 * its own.
 */

/** Keys that change what a model computes whenever they hold anything. */
export const refused = ['quantization_config', 'compression_config', 'pruned_heads', 'adapter_layers', 'adapters']

/**
 * Keys that change no result: initialisation (training alone), other heads' settings, how text is generated or labelled, what is returned,
 * and by what a file was written. A name with `_` in front is transformers' own note.
 */
const withoutEffect = new Set(
  `initializer_range gradient_checkpointing
  num_labels id2label label2id problem_type finetuning_task task_specific_params classifier_dropout
  bos_token_id eos_token_id pad_token_id sep_token_id cls_token_id mask_token_id unk_token_id decoder_start_token_id
  forced_bos_token_id forced_eos_token_id
  max_length min_length max_new_tokens do_sample early_stopping num_beams num_beam_groups diversity_penalty temperature
  top_k top_p min_p typical_p repetition_penalty length_penalty no_repeat_ngram_size encoder_no_repeat_ngram_size
  bad_words_ids num_return_sequences output_scores return_dict_in_generate remove_invalid_values
  exponential_decay_length_penalty suppress_tokens begin_suppress_tokens prefix
  use_cache output_attentions output_hidden_states output_past return_dict return_dict_in_generate torchscript
  use_bfloat16 use_return_dict chunk_size_feed_forward is_decoder cross_attention_hidden_size tie_encoder_decoder
  tf_legacy_loss loss_type
  torch_dtype dtype transformers_version transformers.js_config tokenizer_class name_or_path attn_implementation
  model_max_length architectures model_type`.split(/\s+/),
)

/** Whether a key that is not read leaves the results as they are. */
export const hasNoEffect = (key: string): boolean => withoutEffect.has(key) || key.startsWith('_')
