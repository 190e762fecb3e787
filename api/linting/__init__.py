"""What is wrong with events in a file, said before anybody sends them. Pure: bytes in, faults out.

Nothing is judged here: each event is put to the code that will judge it at the door, and what that
refuses is replaced by something right and put to it again, until it is taken. So all of an event's
faults are found, and the example that is shown as right has been taken, too.
"""
