# The least work that proves whose it is: a file that repeats the job, a word and the input.
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'printf "job %s\nword %s\n" "$1" "$2"; cat "$3"', letter]
inputs:
  job: {type: string, inputBinding: {position: 1}}
  word: {type: string, inputBinding: {position: 2}}
  target: {type: File, inputBinding: {position: 3}}
stdout: letter.txt
outputs:
  letter: stdout
