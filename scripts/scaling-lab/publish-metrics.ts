import type { Observation } from './fleet.ts'
import type { Instance } from './instance-refresh.ts'
import type { MetricStore } from './metrics.ts'

interface Moment { readonly seen: Observation, readonly instances: readonly Instance[], readonly now: number }
interface Settings { readonly tickSeconds: number, readonly compression: number, readonly warmupSeconds: number, readonly healthy: number, readonly standsFor: number }

/**
 * Puts one tick's figures where CloudWatch would have them: the load balancer's (answers that shed count in TargetResponseTime
 * too), EC2's CPU without instances still warming up, and our own as each instance logs them. Counts are multiplied by
 * what one request of the lab stands for.
 */
export function publishMetrics (metrics: MetricStore, moment: Moment, settings: Settings): void {
  const { seen, now } = moment
  const at = now - settings.tickSeconds / 2
  const answered = seen.servedMs.length + seen.shedMs.length
  const balancer = (name: string, samples: readonly number[]) => metrics.put('AWS/ApplicationELB', name, at, samples)
  balancer('TargetResponseTime', [...seen.servedMs, ...seen.shedMs].map((ms) => ms / 1000))
  balancer('RequestCount', [(answered + seen.failed) * settings.standsFor])
  balancer('RequestCountPerTarget', [settings.healthy === 0 ? 0 : answered * settings.standsFor / settings.healthy])
  balancer('HTTPCode_Target_5XX_Count', seen.shedMs.length === 0 ? [] : [seen.shedMs.length * settings.standsFor])
  balancer('HTTPCode_ELB_5XX_Count', seen.failed === 0 ? [] : [seen.failed * settings.standsFor])
  balancer('HealthyHostCount', [settings.healthy])
  for (const one of moment.instances) publishInstance(metrics, one, { moment, settings, at })
}

function publishInstance (metrics: MetricStore, one: Instance, { moment, settings, at }: { moment: Moment, settings: Settings, at: number }): void {
  const figures = moment.seen.instances.get(one.id)
  if (figures === undefined) return
  const cpuPercent = 100 * figures.busyMs / (settings.tickSeconds * 1000 / settings.compression)
  const isWarm = one.inServiceAt !== undefined && moment.now - one.inServiceAt >= settings.warmupSeconds
  if (isWarm) metrics.put('AWS/EC2', 'CPUUtilization', at, [cpuPercent])
  const own = (name: string, sample: number) => metrics.put('Freshet', name, at, [sample])
  own('Requests', figures.requests * settings.standsFor)
  own('RequestsShed', figures.shed * settings.standsFor)
  own('ShedPercent', figures.requests === 0 ? 0 : 100 * figures.shed / figures.requests)
  own('CpuPercent', cpuPercent)
  own('EventLoopDelayMs', figures.delayMs)
}
