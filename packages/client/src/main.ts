import { play } from "./play.ts";

void play(process.argv.slice(2));
