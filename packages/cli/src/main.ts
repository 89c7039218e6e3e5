import { makeProgram } from "./program.ts";

void makeProgram().parseAsync(process.argv);
