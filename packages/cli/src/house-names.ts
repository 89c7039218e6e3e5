import { groupName, type House, nameOf, type Room, roomsOf } from "./core/house-view.ts";
import { findNamed, type Meant } from "./core/naming.ts";
import { Failure } from "./failure.ts";

type Group = House["groups"][number];
type Stream = House["streams"][number];

/** The client of that name, id or beginning. Throws Failure. */
export function clientCalled(asked: string, house: House): Room {
  const rooms = roomsOf(house).map((room) => ({
    thing: room,
    id: room.client.id,
    names: [nameOf(room.client), room.client.host.name],
  }));
  return meant(findNamed("client", asked, rooms));
}

/** The group of that name, id or beginning; a group without a name goes by its clients. Throws Failure. */
export function groupCalled(asked: string, house: House): Group {
  const groups = house.groups.map((group) => ({
    thing: group,
    id: group.id,
    names: [groupName(group), ...group.clients.map(nameOf)],
  }));
  return meant(findNamed("group", asked, groups));
}

/** The stream of that name or beginning. Throws Failure. */
export function streamCalled(asked: string, house: House): Stream {
  const streams = house.streams.map((stream) => ({ thing: stream, id: stream.id, names: [] }));
  return meant(findNamed("stream", asked, streams));
}

function meant<T>(found: Meant<T>): T {
  if ("mistake" in found) throw new Failure(found.mistake);
  return found.thing;
}
