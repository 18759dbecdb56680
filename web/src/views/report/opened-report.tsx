import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { kindOfFile } from '../../dropped-kind.js'
import { isAbort, plainSentence } from '../../failure.js'
import { FileButton } from '../../ui/button.js'
import { Notice } from '../../ui/notice.js'
import { Figures } from './figures.js'
import { openReportFile, showExample } from './opened-data.js'
import type { ReportData } from './report-data.js'
import { Runs } from './runs.js'

/** Without `slt serve`: an example, and the visitor's files. */
export function OpenedReport({ data }: { readonly data: ReportData }) {
  const trouble = useSignal<string | undefined>(undefined)
  const over = useSignal(false)
  const offline = useSignal(false)
  const say = (error: unknown) => {
    if (!isAbort(error)) trouble.value = plainSentence(error)
  }
  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    const show = () => {
      offline.value = !navigator.onLine
      if (offline.value) {
        data.runs.value ??= []
        data.reports.value ??= []
        addEventListener('online', show, { once: true, signal })
        return
      }
      showExample(data, signal).catch((error) => {
        data.runs.value ??= []
        data.reports.value ??= []
        say(error)
      })
    }
    show()
    return () => controller.abort()
  }, [data])
  const open = async (files: Iterable<File>) => {
    trouble.value = undefined
    for (const file of files) await openReportFile(data, file).catch(say)
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is one of two ways, the button is the other
    <div
      class={over.value ? 'report report-over' : 'report'}
      onDragOver={(event) => {
        event.preventDefault()
        over.value = true
      }}
      onDragLeave={() => {
        over.value = false
      }}
      onDrop={(event) => {
        over.value = false
        const files = [...(event.dataTransfer?.files ?? [])]
        if (files.some((file) => kindOfFile(file) === 'ticket')) return // the page hands it to the view that runs it
        event.preventDefault()
        open(files)
      }}
    >
      <Notice>
        This page comes from a plain file host, which lists no folders,{' '}
        {offline.value ? 'and without a network there is no example either' : 'so you see an example'}. For your own
        runs as they grow, start <code>slt serve</code> where they lie; or open a run's metrics.jsonl, or a
        figure-4.json or .svg, here. You can also drop them on the page.
      </Notice>
      <div class="row">
        <FileButton accept=".jsonl,.json,.svg" onFile={(file) => open([file])}>
          Open a file
        </FileButton>
      </div>
      <div class="report-trouble">{trouble.value ? <Notice kind="error">{trouble.value}</Notice> : null}</div>
      <Runs data={data}>
        <p>No run is open.</p>
      </Runs>
      {data.runs.value === undefined ? null : (
        <Figures data={data}>
          <p>No figure is open.</p>
        </Figures>
      )}
    </div>
  )
}
