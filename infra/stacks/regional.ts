import { Stack, type StackProps } from 'aws-cdk-lib'
import { HostedZone, type IHostedZone } from 'aws-cdk-lib/aws-route53'
import type { Construct } from 'constructs'
import { Alarms } from '../constructs/alarms.ts'
import { Database } from '../constructs/database.ts'
import { OriginRecord } from '../constructs/dns.ts'
import { fleetPermissions } from '../constructs/fleet-permissions.ts'
import { FleetTemplate } from '../constructs/fleet-template.ts'
import { JobQueue } from '../constructs/job-queue.ts'
import { LoadBalancer } from '../constructs/load-balancer.ts'
import { MediaCopies } from '../constructs/media-copies.ts'
import { MediaStore } from '../constructs/media-store.ts'
import { Network } from '../constructs/network.ts'
import { Observability } from '../constructs/observability.ts'
import { Operations } from '../constructs/operations.ts'
import { Peering } from '../constructs/peering.ts'
import { WebFleet } from '../constructs/web-fleet.ts'
import { WorkerFleet } from '../constructs/worker-fleet.ts'
import { instanceSettings } from '../instance-settings.ts'
import type { Place } from '../place.ts'

/** Everything of a stage in one region. */
export class RegionalStack extends Stack {
  readonly #place: Place
  readonly #operations: Operations
  readonly #alarms: Alarms
  readonly #network: Network
  readonly #database: Database

  constructor (scope: Construct, id: string, { place, ...props }: StackProps & { readonly place: Place }) {
    super(scope, id, props)
    const { stage, region } = place
    this.#place = place
    this.#operations = new Operations(this, 'Operations', { stage })
    const { key: logKey, topic, accessLogs } = this.#operations
    this.#alarms = new Alarms(this, 'Alarms', { stage, region: region.name, topic })
    this.#network = new Network(this, 'Network', { place, logKey })
    this.#database = new Database(this, 'Database', { place, network: this.#network, logKey })
    new Peering(this, 'Peering', { place, network: this.#network })

    const jobs = new JobQueue(this, 'JobQueue', { place })
    const media = new MediaStore(this, 'MediaStore', { place, jobs, accessLogs })
    const copies = place.isPrimary ? new MediaCopies(this, 'MediaCopies', { place, media, accessLogs }) : undefined
    const zone = HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId: stage.hostedZone.id, zoneName: stage.hostedZone.name })
    const { front, web } = this.#addWeb(zone)
    this.#addWorkers(jobs)
    new Observability(this, 'Observability', { place, alarms: this.#alarms, front, web, database: this.#database, jobs, copies })
  }

  #addWeb (zone: IHostedZone): { readonly front: LoadBalancer, readonly web: WebFleet } {
    const { topic, accessLogs } = this.#operations
    const place = this.#place
    const front = new LoadBalancer(this, 'LoadBalancer', { place, network: this.#network, zone, logs: accessLogs })
    const web = new WebFleet(this, 'WebFleet', { place, network: this.#network, template: this.#template('web'), front, alarms: this.#alarms, topic })
    new OriginRecord(this, 'OriginRecord', { place, zone, balancer: front.balancer, unhealthy: web.noHealthyInstances })
    return { front, web }
  }

  #addWorkers (jobs: JobQueue): void {
    new WorkerFleet(this, 'WorkerFleet', { place: this.#place, network: this.#network, template: this.#template('worker'), jobs, alarms: this.#alarms, topic: this.#operations.topic })
  }

  #template (role: 'web' | 'worker'): FleetTemplate {
    const place = this.#place
    const isWeb = role === 'web'
    const [firstWorker = place.stage.webInstance] = place.stage.workerInstances
    return new FleetTemplate(this, isWeb ? 'WebTemplate' : 'WorkerTemplate', {
      place,
      role,
      instanceType: isWeb ? place.stage.webInstance : firstWorker,
      securityGroup: isWeb ? this.#network.webGroup : this.#network.workerGroup,
      logKey: this.#operations.key,
      settings: instanceSettings(place, role, { network: this.#network, database: this.#database }),
      permissions: fleetPermissions(this, place, role)
    })
  }
}
