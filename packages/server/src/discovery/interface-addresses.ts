import type { NetworkInterfaceInfo } from "node:os";

export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** Bridges and ends of containers and virtual machines: nobody in the house can reach us there. */
const VIRTUAL = /^(docker|veth|br-|virbr|vnet|lxc|lxd|cni|flannel|cali|podman|kube|vmnet|vboxnet)/;

/** Where one of the host's interfaces is reached. */
export interface InterfaceAddress {
  /** The interface, as the system calls it. */
  readonly name: string;
  readonly address: string;
}

/** The first IPv4 address of each interface that leads into the house. */
export function announceableAddresses(interfaces: Interfaces): InterfaceAddress[] {
  return Object.entries(interfaces).flatMap(([name, addresses]) => {
    if (VIRTUAL.test(name)) return [];
    const first = addresses?.find(({ family, internal }) => family === "IPv4" && !internal);
    return first ? [{ name, address: first.address }] : [];
  });
}
