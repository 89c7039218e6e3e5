#!/usr/bin/env node
import { play } from "./play.ts";

await play(process.argv.slice(2));
