#!/usr/bin/env cwl-runner
# A tiny run that shows what a service does with runs: it waits, then repeats an attached file.
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'sleep "$0"; cat "$1"']
inputs:
  seconds: {type: int, inputBinding: {position: 1}}
  message: {type: File, inputBinding: {position: 2}}
outputs:
  repeated: {type: stdout}
stdout: repeated.txt
