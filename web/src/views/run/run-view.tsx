import { useSignalEffect } from '@preact/signals'
import type { JSX } from 'preact'
import type { BaseConfig } from '../../../../src/families/config.js'
import { Button } from '../../ui/button.js'
import { useKeptFocus } from '../../ui/kept-focus.js'
import { Notice } from '../../ui/notice.js'
import { Progress } from '../../ui/progress.js'
import { AttentionPanel } from './attention-panel.js'
import { EncoderPanel } from './encoder-panel.js'
import { MaskChoice } from './mask-choice.js'
import { MaskGrid } from './mask-grid.js'
import { followAddress, takeHanded } from './opening.js'
import { address } from './run-address.js'
import {
  attention,
  cancel,
  failure,
  given,
  opened,
  pictures,
  report,
  restart,
  running,
  source,
  work,
} from './run-session.js'
import { SharePanel } from './share-panel.js'
import { SorterPanel } from './sorter-panel.js'
import { sorterShape } from './sorter-shape.js'
import { SourcePanel } from './source-panel.js'
import { TicketFacts } from './ticket-facts.js'
import { TokenizerPanel } from './tokenizer-panel.js'
import { WriterPanel } from './writer-panel.js'
import type { SeenAttention } from './writing.js'
import './run.css'

/** The view `#run`. */
export default function RunView(): JSX.Element {
  useSignalEffect(followAddress)
  useSignalEffect(takeHanded)
  return (
    <>
      {address.refused.value.length > 0 ? (
        <Notice kind="warning">
          The address holds what is no value here, and it was left out:{' '}
          {address.refused.value.map((each) => each.slice(0, 60)).join(', ')}.
        </Notice>
      ) : null}
      <SourcePanel />
      <State />
      <MaskChoice />
      {report.value ? (
        <>
          {given.value.refusal === '' ? null : <Notice kind="error">{given.value.refusal}</Notice>}
          <RunPanel />
          {report.value.config ? (
            <AttentionPanel
              seen={attention.value ?? nothingSeen(report.value.config)}
              isCausal={opened.value?.task !== 'encoder'}
            />
          ) : null}
          <TicketFacts report={report.value} />
          {pictures.value.length > 0 ? <MaskGrid pictures={pictures.value} /> : null}
          <SharePanel report={report.value} />
        </>
      ) : null}
    </>
  )
}

/** What stands for the attention until there is some, so that nothing moves when it comes. */
function nothingSeen({ layers, heads }: BaseConfig): SeenAttention {
  return { labels: [''], first: 0, heads, layers: Array.from({ length: layers }, () => new Float32Array(heads)) }
}

/** What is under way, or what went wrong and how to go on; its room is kept. */
function State() {
  const { value: doing } = work
  const { value: failed } = failure
  const place = useKeptFocus<HTMLDivElement>()
  return (
    <div class="ticket-state" ref={place} tabIndex={-1} aria-live="off">
      {failed ? (
        <Notice kind={failed.sentence === 'Stopped.' ? 'info' : 'error'}>
          {failed.sentence}{' '}
          {failed.way === 'another' ? (
            'Open another ticket, or one of the examples above.'
          ) : failed.way === 'wasm' ? (
            <Button
              onClick={() => {
                address.values.device.value = 'wasm'
                restart()
              }}
            >
              Go on with WebAssembly
            </Button>
          ) : (
            <Button onClick={restart}>Try again</Button>
          )}
        </Notice>
      ) : doing ? (
        <Progress label={doing.label} fraction={doing.fraction} note={doing.note ?? ''} onCancel={cancel} />
      ) : running.value ? (
        <p class="ticket-ready">
          <strong>Ready.</strong> {running.value.reason}
        </p>
      ) : source.value === undefined && address.values.example.value === 'none' ? (
        <Notice>No ticket is open. Files are not kept: drop yours again, or open one of the examples above.</Notice>
      ) : null}
    </div>
  )
}

/** The network at work; its shape is known before it runs. */
function RunPanel() {
  const { config } = report.value!
  const { value: known } = opened
  if (!config || !known) return null
  const { task, reading } = known
  if (reading === 'unknown' && !given.value.isThere) return <TokenizerPanel vocabulary={config.vocabulary} />
  if (task === 'encoder') return <EncoderPanel />
  const shape = sorterShape(config, reading)
  return shape ? <SorterPanel shape={shape} /> : <WriterPanel />
}
