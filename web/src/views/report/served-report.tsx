import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Notice } from '../../ui/notice.js'
import { Figures } from './figures.js'
import type { ReportData } from './report-data.js'
import { chosenRuns, openSweeps } from './report-state.js'
import { Runs } from './runs.js'
import { followServer } from './served-data.js'
import { Sweeps } from './sweeps.js'
import { Tickets } from './tickets.js'

/** What lies in the folders of `slt serve`. */
export function ServedReport({ data }: { readonly data: ReportData }) {
  const trouble = useSignal<string | undefined>(undefined)
  const chosen = chosenRuns(data.runs.value ?? []).join()
  const following = useSignal<ReturnType<typeof followServer> | undefined>(undefined)
  useEffect(() => {
    const following_ = followServer(data, () => chosenRuns(data.runs.peek() ?? []), trouble)
    following.value = following_
    return following_.stop
  }, [data])
  const opened = openSweeps(data.sweeps.value).join()
  useEffect(() => following.peek()?.hurry(), [chosen, opened])
  return (
    <>
      <div class="report-trouble">{trouble.value ? <Notice kind="warning">{trouble.value}</Notice> : null}</div>
      <Sweeps data={data} />
      <Runs data={data}>
        <p>
          No run lies in these folders yet. Start one, and its curve grows here:{' '}
          <code>slt search --data input.txt --model micro --out play.slt.safetensors</code>
        </p>
      </Runs>
      {data.runs.value === undefined ? null : (
        <>
          <Figures data={data}>
            <p>
              No figures lie in these folders yet. <code>slt reproduce --quick</code> makes figures 4 to 6 in seconds,{' '}
              <code>slt reproduce figure-7 figure-8 --quick</code> the others.
            </p>
          </Figures>
          {data.reports.value === undefined ? null : <Tickets data={data} />}
        </>
      )}
      {data.remarks.value.map((remark) => (
        <Notice kind="warning" key={remark}>
          {remark}
        </Notice>
      ))}
    </>
  )
}
