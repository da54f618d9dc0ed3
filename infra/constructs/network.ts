import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as logs from 'aws-cdk-lib/aws-logs'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { Construct } from 'constructs'
import { logRetention, removal } from '../durability.ts'
import { type Place, vpcCidr } from '../place.ts'
import { regionFacts } from '../settings.ts'

export const httpPort = 3000
export const postgresPort = 5432

export interface NetworkProps {
  readonly place: Place
  readonly logKey: IKey
}

/**
 * Three kinds of subnets: the load balancer's, the instances', the database's. Only a region that has to reach
 * another one's bucket has a way out to the internet; elsewhere Amazon's services are reached by endpoints.
 */
export class Network extends Construct {
  readonly vpc: ec2.Vpc
  readonly loadBalancerGroup: ec2.SecurityGroup
  readonly webGroup: ec2.SecurityGroup
  readonly workerGroup: ec2.SecurityGroup
  readonly databaseGroup: ec2.SecurityGroup

  constructor (scope: Construct, id: string, { place, logKey }: NetworkProps) {
    super(scope, id)
    const { region, isPrimary, stage } = place
    this.vpc = new ec2.Vpc(this, 'Vpc', {
      ipAddresses: ec2.IpAddresses.cidr(vpcCidr(region.name)),
      availabilityZones: region.zones.map((letter) => `${region.name}${letter}`),
      natGateways: isPrimary ? 0 : region.zones.length,
      // By default it is done with a Lambda; nothing is put into the default group.
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [
        { name: 'public', subnetType: ec2.SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false },
        { name: 'private', subnetType: isPrimary ? ec2.SubnetType.PRIVATE_ISOLATED : ec2.SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 20 },
        { name: 'isolated', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 24 }
      ]
    })
    const flowLogs = new logs.LogGroup(this, 'FlowLogs', { retention: logRetention(stage), encryptionKey: logKey, removalPolicy: removal(stage) })
    this.vpc.addFlowLog('Refused', { destination: ec2.FlowLogDestination.toCloudWatchLogs(flowLogs), trafficType: ec2.FlowLogTrafficType.REJECT })

    const group = (name: string, description: string) => new ec2.SecurityGroup(this, name, { vpc: this.vpc, description, allowAllOutbound: false })
    this.loadBalancerGroup = group('LoadBalancerGroup', 'Load balancer: from CloudFront, to the web fleet')
    this.webGroup = group('WebGroup', 'Web fleet')
    this.workerGroup = group('WorkerGroup', 'Worker fleet')
    this.databaseGroup = group('DatabaseGroup', 'Database: from the fleets')
    this.#allowTraffic(place)
    this.#addEndpoints(place)
  }

  subnets (kind: 'public' | 'private' | 'isolated'): ec2.SubnetSelection {
    return { subnetGroupName: kind }
  }

  #allowTraffic ({ stage, region, isPrimary }: Place): void {
    const https = ec2.Port.tcp(443)
    const postgres = ec2.Port.tcp(postgresPort)
    this.loadBalancerGroup.addIngressRule(ec2.Peer.prefixList(regionFacts[region.name].originFacing), https, 'CloudFront')
    this.loadBalancerGroup.addEgressRule(this.webGroup, ec2.Port.tcp(httpPort), 'Web fleet')
    this.webGroup.addIngressRule(this.loadBalancerGroup, ec2.Port.tcp(httpPort), 'Load balancer')
    for (const fleet of [this.webGroup, this.workerGroup]) {
      fleet.addEgressRule(this.databaseGroup, postgres, 'Database')
      // Without a NAT gateway nothing beyond the endpoints can be reached.
      fleet.addEgressRule(ec2.Peer.anyIpv4(), https, 'Services of Amazon')
      this.databaseGroup.addIngressRule(fleet, postgres, 'Fleet')
      if (!isPrimary) fleet.addEgressRule(ec2.Peer.ipv4(vpcCidr(stage.primary.name)), postgres, 'Writer in the primary region')
    }
    if (isPrimary) for (const other of stage.others) this.databaseGroup.addIngressRule(ec2.Peer.ipv4(vpcCidr(other.name)), postgres, `Fleets in ${other.name}`)
  }

  #addEndpoints ({ region }: Place): void {
    this.vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 })
    const from = new ec2.SecurityGroup(this, 'EndpointGroup', { vpc: this.vpc, description: 'Endpoints of services of Amazon', allowAllOutbound: false })
    from.addIngressRule(ec2.Peer.ipv4(vpcCidr(region.name)), ec2.Port.tcp(443), 'This network')
    const services = {
      Sqs: ec2.InterfaceVpcEndpointAwsService.SQS,
      SecretsManager: ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
      Ssm: ec2.InterfaceVpcEndpointAwsService.SSM,
      Logs: ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS
    }
    for (const [name, service] of Object.entries(services)) {
      this.vpc.addInterfaceEndpoint(name, { service, subnets: this.subnets('private'), securityGroups: [from], open: false })
    }
  }
}
