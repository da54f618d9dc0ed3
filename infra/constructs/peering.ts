import { CfnOutput } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import { Construct } from 'constructs'
import { type Place, vpcCidr } from '../place.ts'
import type { RegionName } from '../settings.ts'
import type { Network } from './network.ts'

export interface PeeringProps {
  readonly place: Place
  readonly network: Network
}

/**
 * The private way from the other regions' instances to the writer. The other region asks for it and Amazon accepts, as
 * both ends are one account's; the primary opens the way back once it has been told the connection's id.
 */
export class Peering extends Construct {
  constructor (scope: Construct, id: string, { place, network }: PeeringProps) {
    super(scope, id)
    const { stage, isPrimary } = place
    if (isPrimary) {
      new CfnOutput(this, 'VpcId', { value: network.vpc.vpcId, description: 'primaryOutputs.vpcId in infra/settings.ts' }).overrideLogicalId('VpcId')
      for (const { name, peeringConnectionId } of stage.others) {
        if (peeringConnectionId !== undefined) this.#route(network, 'isolated', { to: name, peeringConnectionId })
      }
      return
    }
    if (stage.primaryOutputs === undefined) throw new Error('A region beside the primary needs primaryOutputs; placesOf leaves it out without them')
    const connection = new ec2.CfnVPCPeeringConnection(this, 'Connection', {
      vpcId: network.vpc.vpcId,
      peerVpcId: stage.primaryOutputs.vpcId,
      peerRegion: stage.primary.name
    })
    this.#route(network, 'private', { to: stage.primary.name, peeringConnectionId: connection.ref })
    new CfnOutput(this, 'PeeringConnectionId', { value: connection.ref, description: 'peeringConnectionId of this region in infra/settings.ts' }).overrideLogicalId('PeeringConnectionId')
  }

  #route (network: Network, kind: 'private' | 'isolated', { to, peeringConnectionId }: { readonly to: RegionName, readonly peeringConnectionId: string }): void {
    network.vpc.selectSubnets(network.subnets(kind)).subnets.forEach((subnet, index) => {
      new ec2.CfnRoute(this, `${kind}${index}To${to}`, { routeTableId: subnet.routeTable.routeTableId, destinationCidrBlock: vpcCidr(to), vpcPeeringConnectionId: peeringConnectionId })
    })
  }
}
