import { oar } from './oar.js';
import type { Task, TaskName } from './task.js';
import { wscr } from './wscr.js';

export const TASKS: Readonly<Record<TaskName, Task>> = { oar, wscr };
