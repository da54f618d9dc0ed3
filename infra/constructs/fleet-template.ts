import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as iam from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import * as logs from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { logRetention, removal } from '../durability.ts'
import { type InstanceSettings, userDataOf } from '../instance-settings.ts'
import type { Place } from '../place.ts'

/** Device names that the image is registered with; the data volume holds scratch files. */
const rootDevice = '/dev/xvda'
const dataDevice = '/dev/xvdb'
const rootGiB = 8

export interface FleetTemplateProps {
  readonly place: Place
  readonly role: 'web' | 'worker'
  readonly instanceType: string
  readonly securityGroup: ec2.ISecurityGroup
  readonly logKey: IKey
  readonly settings: InstanceSettings
  /** What the fleet may do beside writing its log. */
  readonly permissions: readonly iam.PolicyStatement[]
}

/** How an instance of a fleet starts: image, role, settings, disks, and where its log goes. */
export class FleetTemplate extends Construct {
  readonly launchTemplate: ec2.LaunchTemplate

  constructor (scope: Construct, id: string, { place, role, instanceType, securityGroup, logKey, settings, permissions }: FleetTemplateProps) {
    super(scope, id)
    const { stage } = place
    const logGroup = new logs.LogGroup(this, 'Log', { logGroupName: `/freshet/${stage.stage}/${role}`, retention: logRetention(stage), encryptionKey: logKey, removalPolicy: removal(stage) })
    const mayWriteLog = new iam.PolicyStatement({ sid: 'WriteLog', actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logGroup.logGroupArn] })
    const instanceRole = new iam.Role(this, 'Role', {
      description: `What the ${role} fleet of Freshet may do`,
      assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com')
    })
    new iam.ManagedPolicy(this, 'Permissions', { statements: [mayWriteLog, ...permissions], roles: [instanceRole] })
    const volume = (sizeGiB: number) => ec2.BlockDeviceVolume.ebs(sizeGiB, { encrypted: true, volumeType: ec2.EbsDeviceVolumeType.GP3, deleteOnTermination: true })
    this.launchTemplate = new ec2.LaunchTemplate(this, 'LaunchTemplate', {
      // Looked up at each deploy, not at each start: so the group can go back to the image before.
      machineImage: ec2.MachineImage.fromSsmParameter(`/freshet/${stage.stage}/image`),
      instanceType: new ec2.InstanceType(instanceType),
      role: instanceRole,
      securityGroup,
      userData: ec2.UserData.custom(userDataOf(settings)),
      requireImdsv2: true,
      httpPutResponseHopLimit: 1,
      detailedMonitoring: true,
      blockDevices: [
        { deviceName: rootDevice, volume: volume(rootGiB) },
        { deviceName: dataDevice, volume: volume(stage.dataVolumeGiB[role]) }
      ]
    })
  }
}
